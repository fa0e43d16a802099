"""Maven: the reactor's modules, with inherited coordinates."""

from __future__ import annotations

from tests.ecosystems.local_packages.cases import Case, check


def pom(artifact: str, *parts: str, parent: str = "suite", version: str = "2.0") -> str:
    inherited = (
        f"<parent><groupId>org.sample</groupId><artifactId>{parent}</artifactId>"
        f"<version>{version}</version></parent>"
    )
    own = "" if parent else f"<groupId>org.sample</groupId><version>{version}</version>"
    inner = "".join(parts)
    return f"<project>{inherited if parent else own}<artifactId>{artifact}</artifactId>{inner}</project>"  # noqa: E501 - a whole file


def modules(*names: str) -> str:
    return f"<modules>{''.join(f'<module>{name}</module>' for name in names)}</modules>"


def needs(artifact: str, version: str = "2.0", group: str = "org.sample") -> str:
    tag = f"<version>{version}</version>" if version else ""
    return (
        f"<dependencies><dependency><groupId>{group}</groupId>"
        f"<artifactId>{artifact}</artifactId>{tag}</dependency></dependencies>"
    )


def test_maven() -> None:
    root = {"pom.xml": pom("suite", modules("core", "web"), parent="")}
    core = {"core/pom.xml": pom("core")}
    check(
        {
            "a sibling on the trusted side, with the parent's group": Case(
                {**root, **core}, {"web/pom.xml": pom("web", needs("core"))}
            ),
            "a new module and its user": Case(
                root, {**core, "web/pom.xml": pom("web", needs("core"))}
            ),
            "all new": Case(
                {}, {**root, **core, "web/pom.xml": pom("web", needs("core"))}
            ),
            "the group and the version by properties": Case(
                {},
                {
                    **root,
                    **core,
                    "web/pom.xml": pom(
                        "web", needs("core", "${project.version}", "${project.groupId}")
                    ),
                },
            ),
            "a version of the parent's properties": Case(
                {},
                {
                    "pom.xml": pom(
                        "suite",
                        modules("core", "web"),
                        "<properties><rev>2.0</rev></properties>",
                        parent="",
                        version="${rev}",
                    ),
                    **core,
                    "web/pom.xml": pom("web", needs("core", "${rev}")),
                },
            ),
            "a managed version": Case(
                {}, {**root, **core, "web/pom.xml": pom("web", needs("core", ""))}
            ),
            "a module of a profile": Case(
                {},
                {
                    "pom.xml": pom(
                        "suite",
                        f"<profiles><profile><id>x</id>{modules('core', 'web')}</profile></profiles>",  # noqa: E501 - a whole file
                        parent="",
                    ),
                    **core,
                    "web/pom.xml": pom("web", needs("core")),
                },
            ),
            "a module named by its file": Case(
                {},
                {
                    "pom.xml": pom("suite", modules("core/pom.xml", "web"), parent=""),
                    **core,
                    "web/pom.xml": pom("web", needs("core")),
                },
            ),
            "another version is not in the reactor": Case(
                {},
                {**root, **core, "web/pom.xml": pom("web", needs("core", "3.1"))},
                ("org.sample:core",),
            ),
            "no module of any reactor": Case(
                {
                    "pom.xml": pom("suite", modules("web"), parent=""),
                    "web/pom.xml": pom("web"),
                },
                {"x/pom.xml": pom("core"), "web/pom.xml": pom("web", needs("core"))},
                ("org.sample:core",),
            ),
            "a module whose folder is not there": Case(
                {},
                {**root, "web/pom.xml": pom("web", needs("core"))},
                ("org.sample:core",),
            ),
            "another group": Case(
                {**root, **core},
                {"web/pom.xml": pom("web", needs("core", group="org.other"))},
                ("org.other:core",),
            ),
        }
    )


def test_a_bill_of_materials_may_list_itself() -> None:
    """A project's own name was asked where it managed its own version."""
    check(
        {
            "its own version": Case(
                {}, {"pom.xml": pom("bom", needs("bom", "${project.version}"))}
            ),
            "another version": Case(
                {}, {"pom.xml": pom("bom", needs("bom", "1.9"))}, ("org.sample:bom",)
            ),
        }
    )
