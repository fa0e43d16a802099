"""Gradle: included builds, their plug-ins, and project paths."""

from __future__ import annotations

from tests.ecosystems.local_packages.cases import Case, check


def test_gradle() -> None:
    settings = {
        "settings.gradle": "rootProject.name='x'\ninclude 'web'\nincludeBuild 'base'\n"
    }
    base = {
        "base/settings.gradle": "rootProject.name = 'base'\n",
        "base/build.gradle": "group = 'com.sample'\n",
    }
    use = {
        "web/build.gradle": "dependencies { implementation 'com.sample:base:1.0' }\n"
    }
    kts = {
        "web/build.gradle.kts": 'dependencies {\n    implementation("com.sample:part:1.0")\n}\n'
    }
    check(
        {
            "an included build": Case({**settings, **base}, use),
            "an included build, all new": Case({}, {**settings, **base, **use}),
            "a project of an included build, in Kotlin": Case(
                {},
                {
                    "settings.gradle.kts": 'includeBuild("base")\n',
                    "base/settings.gradle.kts": 'include(":part")\n',
                    "base/build.gradle.kts": 'subprojects {\n    group = "com.sample"\n}\n',
                    "base/part/build.gradle.kts": "",
                    **kts,
                },
            ),
            "the group in gradle.properties": Case(
                {},
                {
                    "settings.gradle.kts": 'includeBuild("base") { }\n',
                    "base/gradle.properties": "group=com.sample\n",
                    "base/settings.gradle.kts": 'include("part")\n',
                    "base/part/build.gradle.kts": "",
                    **kts,
                },
            ),
            "project paths": Case(
                {},
                {
                    "settings.gradle": "include 'a', 'b'\n",
                    "a/build.gradle": "dependencies {\n  implementation project(':b')\n}\n",
                },
            ),
            "a plug-in of an included build": Case(
                {},
                {
                    "settings.gradle.kts": 'pluginManagement { includeBuild("logic") }\n',
                    "logic/build.gradle.kts": 'gradlePlugin {\n plugins { register("a") { id = "corp.lint" } }\n}\n',  # noqa: E501 - a whole file
                    "gradle/libs.versions.toml": '[plugins]\na = { id = "corp.lint", version = "unspecified" }\n',  # noqa: E501 - a whole file
                },
            ),
            "a script that is a plug-in": Case(
                {},
                {
                    "settings.gradle.kts": 'includeBuild("logic")\n',
                    "logic/src/main/kotlin/corp.lint.gradle.kts": "",
                    "build.gradle.kts": 'plugins {\n    id("corp.lint") version "1.0"\n}\n',
                },
            ),
            "a plug-in without a version": Case(
                {},
                {"gradle/libs.versions.toml": '[plugins]\na = { id = "corp.lint" }\n'},
            ),
            "a sibling of the trusted side": Case(
                {
                    "settings.gradle": "include 'core', 'web'\n",
                    "core/build.gradle": "group = 'com.sample'\n",
                },
                {
                    "web/build.gradle": "dependencies { implementation 'com.sample:core:1.0' }\n"
                },
            ),
            "an included build that is not there": Case(
                {}, {**settings, **use}, ("com.sample:base",)
            ),
            "includeBuild in a comment": Case(
                {},
                {"settings.gradle": "// includeBuild 'base'\n", **base, **use},
                ("com.sample:base",),
            ),
            "the change only names a public package": Case(
                {"settings.gradle": "include 'web'\n"},
                {**base, **use},
                ("com.sample:base",),
            ),
        }
    )
