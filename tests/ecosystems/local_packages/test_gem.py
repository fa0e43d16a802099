"""Bundler: blocks and options with a path, and gemspecs."""

from __future__ import annotations

from tests.ecosystems.local_packages.cases import Case, check


def gemspec(name: str, *needed: str) -> str:
    calls = "".join(f'  s.add_dependency "{one}"\n' for one in needed)
    return f'Gem::Specification.new do |s|\n  s.name = "{name}"\n{calls}end\n'


def test_bundler() -> None:
    engine = {"engines/own_engine/own_engine.gemspec": gemspec("own_engine")}
    block = 'path "engines" do\n  gem "own_engine"\nend\n'
    check(
        {
            "a path block": Case(
                {}, {"Gemfile": block + 'gem "rake"\n', **engine}, ("rake",)
            ),
            "an option": Case(
                {},
                {
                    "Gemfile": 'gem "own_engine", "~> 1.0", path: "engines/own_engine"\n',
                    **engine,
                },
            ),
            "an option with an arrow": Case(
                {},
                {
                    "Gemfile": "gem 'own_engine', :path => 'engines/own_engine'\n",
                    **engine,
                },
            ),
            "a group inside the block": Case(
                {},
                {
                    "Gemfile": 'path "engines" do\n  group :test do\n    gem "own_engine"\n  end\nend\n',  # noqa: E501 - a whole file
                    **engine,
                },
            ),
            "a gemspec needs its neighbour": Case(
                {},
                {
                    "Gemfile": block,
                    **engine,
                    "engines/b/b.gemspec": gemspec("b", "own_engine"),
                },
            ),
            "gemspecs of the root": Case(
                {},
                {
                    "Gemfile": "gemspec\n",
                    "a.gemspec": gemspec("a", "b"),
                    "b.gemspec": gemspec("b"),
                },
            ),
            "a gem of the trusted side": Case(
                engine, {"x/x.gemspec": gemspec("x", "own_engine")}
            ),
            "a git block": Case(
                {},
                {
                    "Gemfile": 'git "https://git.corp.test/a.git" do\n  gem "own_engine"\nend\n'
                },
            ),
            "a source of its own": Case(
                {},
                {
                    "Gemfile": 'git_source(:corp) { |r| "https://git.corp.test/#{r}.git" }\ngem "own_engine", corp: "a/b"\n'  # noqa: E501 - a whole file
                },
            ),
            "after the block": Case(
                {},
                {"Gemfile": 'path "engines" do\nend\ngem "own_engine"\n'},
                ("own_engine",),
            ),
            "only the change has the name": Case(
                {"a.txt": ""},
                {**engine, "x/x.gemspec": gemspec("x", "own_engine")},
                ("own_engine",),
            ),
        }
    )
