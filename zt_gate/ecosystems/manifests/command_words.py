"""Word lists for commands: prefixes, runners, and words that are not package names."""

from __future__ import annotations

#: Words that may precede a program in a line of a script.
PREFIXES = frozenset(
    ("sudo", "env", "exec", "time", "command", "nohup", "then", "do", "else", "if", "while",
     "until", "!", "{", "RUN", "run", "call", "builtin", "elif", "cmd", "CMD", "ENTRYPOINT", "&",
     "ONBUILD", "exec:", "doas", "nice", "[", "or", "and", "not", "function")
)  # fmt: skip
#: Programs that print or search for their arguments and install nothing.
MESSAGES = frozenset(
    ("echo", "printf", "print", "cat", "git", "gh", "log", "info", "warn", "warning", "error",
     "die", "fail", "abort", "msg", "say", "grep", "rg", "sed", "awk", "write-host", "test",
     "write-output", "alias", "complete", "which", "type", "man", "less", "read", "hash", "#")
)  # fmt: skip
#: Programs that run their arguments, or a string among them, as a command.
RUNNERS = frozenset(
    ("bash", "sh", "zsh", "dash", "ksh", "fish", "eval", "su", "sudo", "ssh", "docker", "podman",
     "kubectl", "xargs", "tmux", "timeout", "wsl", "cmd", "powershell", "pwsh", "concurrently",
     "conda", "mamba", "micromamba", "poetry", "uv", "pipenv", "pdm", "hatch", "nix", "nix-shell",
     "watch", "parallel", "entr", "direnv", "dotenv", "xvfb-run", "retry", "travis_retry", "arch",
     "docker-compose", "devbox", "mise", "asdf", "nice", "ionice", "stdbuf", "setarch", "chroot",
     "runuser", "gosu", "flock", "cross-env", "npm-run-all", "start", "invoke-expression", "iex",
     "env", "time", "nohup", "command", "exec", "unbuffer", "script", "heroku", "fly", "vagrant",
     "multipass", "lxc", "srun", "sbatch", "session.run", "subprocess.run")
)  # fmt: skip
#: Words that end a command in prose: English text or another command follows.
STOP_WORDS = frozenset(
    ("or", "and", "then", "to", "for", "with", "from", "in", "the", "on", "is", "if", "when", "as",
     "this", "that", "it", "you", "your", "will", "via", "at", "before", "after", "into", "using",
     "not", "but", "which", "are", "be", "a", "an", "of", "by", "instead", "requires", "works",
     "should", "would", "can", "may", "must", "also", "first", "inside", "again", "does", "won't",
     "gets", "→", "->", "=>", "—", "–", "-", "installs", "installed", "install", "successfully")
)  # fmt: skip
#: Placeholders for a package name in documentation.
PLACEHOLDERS = frozenset(
    ("package", "package-name", "packagename", "package_name", "your-package", "your_package",
     "my-package", "my_package", "mypackage", "yourpackage", "some-package", "some_package",
     "somepackage", "another-package", "the-package", "name", "pkg", "pkgname", "pkg-name", "pkg1",
     "pkg2", "foo", "bar", "baz", "qux", "foobar", "example", "example-package", "module",
     "module-name", "modulename", "library", "library-name", "plugin", "plugin-name", "x", "y",
     "z", "xxx", "xyz", "a", "b", "c", "dependency", "dependency-name", "dep", "dependencies",
     "project", "project-name", "my-project", "myproject", "your-project", "app", "my-app",
     "package1", "package2", "package-a", "package-b", "package_a", "package_b", "packages",
     "extras", "extra", "wheel-file", "path", "url", "version", "requirement", "requirements",
     "specifier", "tool", "mcp-server-name", "server-name", "your-mcp-server", "my-mcp-server",
     "some-mcp-server", "n", "quux", "spam", "ham", "eggs")
)  # fmt: skip
