"""NuGet: project references."""

from __future__ import annotations

from tests.ecosystems.local_packages.cases import Case, check


def csproj(*items: str) -> str:
    return f'<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>{"".join(items)}</ItemGroup></Project>'


def test_nuget() -> None:
    need = '<PackageReference Include="Own.Lib" Version="1.0"/>'
    lib = {"lib/Own.Lib.csproj": csproj()}
    reference = '<ProjectReference Include="..\\lib\\Own.Lib.csproj"/>'
    named = {
        "lib/L.csproj": "<Project><PropertyGroup><PackageId>own.lib</PackageId></PropertyGroup></Project>"  # noqa: E501 - a whole file
    }
    check(
        {
            "a project reference": Case({}, {**lib, "app/A.csproj": csproj(reference)}),
            "a referenced project replaces the package": Case(
                {}, {**lib, "app/A.csproj": csproj(need, reference)}
            ),
            "one that is referenced over another": Case(
                {},
                {
                    **lib,
                    "mid/M.csproj": csproj(reference),
                    "app/A.csproj": csproj(
                        need, '<ProjectReference Include="../mid/M.csproj"/>'
                    ),
                },
            ),
            "a project with an id": Case(
                {},
                {
                    **named,
                    "app/A.csproj": csproj(
                        need, '<ProjectReference Include="../lib/L.csproj"/>'
                    ),
                },
            ),
            "a project of the trusted side": Case(lib, {"app/A.csproj": csproj(need)}),
            "a project of the trusted side with an id": Case(
                named, {"app/A.csproj": csproj(need)}
            ),
            "a reference to a file that is not there": Case(
                {}, {"app/A.csproj": csproj(need, reference)}, ("own.lib",)
            ),
            "only the change has the name": Case(
                {"a.txt": ""}, {**lib, "app/A.csproj": csproj(need)}, ("own.lib",)
            ),
        }
    )
