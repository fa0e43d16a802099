"""Names the programming language of a file, from its name or its first bytes.

Only languages whose files contain code: Markdown, JSON, YAML and other text or data have
none.  An interpreter line decides for a file with an unknown extension or without one.
"""

from __future__ import annotations

import re

#: Bytes of a file that ``by_content`` needs.
HEAD_BYTES = 2048

_SUFFIXES = {
    "Ada": "adb ads",
    "Apex": "apex",
    "Assembly": "asm s nasm",
    "Astro": "astro",
    "AutoHotkey": "ahk",
    "AWK": "awk gawk",
    "Batch": "bat cmd",
    "C": "c",
    "C#": "cs csx cshtml razor",
    "C++": "cc cpp cxx c++ hh hpp hxx ino ipp tpp",
    "C/C++ header": "h",
    "Clojure": "clj cljc cljs",
    "CMake": "cmake",
    "COBOL": "cob cbl cpy",
    "CoffeeScript": "coffee",
    "ColdFusion": "cfm cfc",
    "Common Lisp": "lisp lsp",
    "Crystal": "cr",
    "CUDA": "cu cuh",
    "Cython": "pyx pxd",
    "D": "d",
    "Dart": "dart",
    "Delphi": "pas dpr dfm",
    "Elixir": "ex exs heex eex",
    "Elm": "elm",
    "Emacs Lisp": "el",
    "ERB": "erb",
    "Erlang": "erl hrl",
    "F#": "fs fsi fsx",
    "Forth": "forth 4th",
    "Fortran": "f f77 f90 f95 f03 f08",
    "GDScript": "gd",
    "Gleam": "gleam",
    "GLSL": "glsl vert frag",
    "Go": "go",
    "Groovy": "groovy gradle gvy jenkinsfile",
    "Hack": "hack hh",
    "Haskell": "hs lhs",
    "Haxe": "hx",
    "Idris": "idr",
    "Java": "java",
    "JavaScript": "js jsx mjs cjs es6",
    "JSP": "jsp jspx jspf",
    "Julia": "jl",
    "Jupyter notebook": "ipynb",
    "Kotlin": "kt kts",
    "Lean": "lean",
    "Lua": "lua luau rockspec",
    "Makefile": "mk mak",
    "Mojo": "mojo",
    "Move": "move",
    "Nim": "nim nims nimble",
    "Nix": "nix",
    "Objective-C": "m mm",
    "OCaml": "ml mli mll mly",
    "Perl": "pl pm pod t psgi",
    "PHP": "php php3 php4 php5 php7 php8 phtml phps pht inc module theme",
    "PowerShell": "ps1 psm1 psd1",
    "Prolog": "pro prolog",
    "PureScript": "purs",
    "Puppet": "pp",
    "Python": "py pyw pyi py3 wsgi pth bzl",
    "R": "r rmd",
    "Racket": "rkt",
    "Raku": "raku rakumod p6",
    "ReScript": "res resi",
    "Ruby": "rb rbw rake gemspec podspec ru jbuilder",
    "Rust": "rs",
    "SAS": "sas",
    "Scala": "scala sc sbt",
    "Scheme": "scm ss",
    "Shell": "sh bash zsh ksh csh tcsh fish dash ash bats command",
    "Smalltalk": "st",
    "Solidity": "sol",
    "SQL": "sql psql plsql pls pks pkb",
    "Starlark": "star starlark",
    "Svelte": "svelte",
    "Swift": "swift",
    "SystemVerilog": "sv svh",
    "Tcl": "tcl tk exp",
    "Terraform": "tf hcl",
    "TypeScript": "ts tsx mts cts",
    "V": "vlang",
    "VBScript": "vbs vba bas cls frm",
    "Verilog": "v vh",
    "VHDL": "vhd vhdl",
    "Vim script": "vim",
    "Visual Basic": "vb",
    "Vue": "vue",
    "Vyper": "vy",
    "WebAssembly text": "wat wast",
    "Zig": "zig",
}
_NAMES = {
    "Ruby": "rakefile gemfile vagrantfile podfile brewfile fastfile guardfile capfile dangerfile",
    "Makefile": "makefile gnumakefile bsdmakefile kbuild",
    "Dockerfile": "dockerfile containerfile earthfile",
    "Groovy": "jenkinsfile",
    "CMake": "cmakelists.txt",
    "Starlark": "build build.bazel workspace workspace.bazel module.bazel buck tiltfile",
    "Just": "justfile .justfile",
    "Shell": ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc "
    ".zprofile .zshenv .zlogin .kshrc .cshrc .envrc pkgbuild apkbuild gradlew configure "
    "bashrc zshrc",
    "Python": "sconstruct sconscript wscript",
    "Meson": "meson.build meson_options.txt",
    "Perl": "cpanfile makefile.pl",
    "Vim script": ".vimrc .gvimrc _vimrc",
}
#: Names before the dot of a file for one target of several, as in ``Dockerfile.dev``.
_STEMS = {
    "dockerfile": "Dockerfile",
    "containerfile": "Dockerfile",
    "makefile": "Makefile",
    "gnumakefile": "Makefile",
    "jenkinsfile": "Groovy",
    "justfile": "Just",
}
_INTERPRETERS = {
    "Shell": "sh bash zsh ksh mksh dash ash csh tcsh fish busybox rbash bats",
    "Python": "python pypy uv pipx ipython",
    "JavaScript": "node nodejs bun zx osascript qjs",
    "TypeScript": "deno tsx ts-node",
    "Perl": "perl",
    "Ruby": "ruby jruby macruby",
    "PHP": "php php-cgi",
    "Lua": "lua luajit luau",
    "AWK": "awk gawk mawk nawk",
    "Tcl": "tclsh wish expect",
    "R": "rscript littler",
    "Raku": "raku rakudo perl6",
    "PowerShell": "pwsh powershell",
    "Groovy": "groovy",
    "Java": "java jbang",
    "Kotlin": "kotlin kotlinc kscript",
    "Scala": "scala amm scala-cli",
    "Elixir": "elixir iex",
    "Erlang": "escript",
    "Haskell": "runhaskell runghc stack cabal",
    "OCaml": "ocaml",
    "Julia": "julia",
    "Swift": "swift",
    "Go": "gorun go yaegi",
    "Rust": "rust-script run-cargo-script cargo",
    "Dart": "dart",
    "Crystal": "crystal",
    "Nim": "nim",
    "Racket": "racket",
    "Scheme": "guile scheme csi gosh chicken",
    "Clojure": "clojure clj bb",
    "Common Lisp": "sbcl clisp ecl",
    "Emacs Lisp": "emacs",
    "C": "tcc",
    "Makefile": "make gmake",
    "Nix": "nix-shell",
    "Just": "just",
    "Prolog": "swipl",
    "SQL": "sqlite3 psql",
    "Vim script": "vim nvim",
}
# Text and data whose interpreter line, if there is one, does not make it code.
_PLAIN_SUFFIXES = frozenset(
    b"md markdown mdx rst adoc txt json jsonc json5 yml yaml toml xml csv tsv html htm css "
    b"scss less svg lock log po pot ini cfg conf properties proto graphql".split()
)
_CONTENT = {
    "PHP": rb"(?i)\A\s*<\?(?:php\b|=)",
    "C": rb"(?m)^[ \t]*#[ \t]*include[ \t]*[<\"][\w./+-]+[>\"]",
    "Java": rb"(?m)^import (?:static )?java[\w.]*\.[\w.*]+;|^package [a-z][\w.]+;[ \t]*\r?$",
    "Rust": rb"(?m)^(?:pub )?(?:async )?fn \w+\s*[(<][^\n]{0,200}\{",
    "C#": rb"(?m)^using System(?:\.[\w.]+)?;[ \t]*\r?$|^namespace [\w.]+\s*[;{]",
    "Go": rb"(?m)^package \w+[ \t]*\r?\n(?:[^\n]*\n){0,4}import [(\"]",
    "Python": rb"(?m)^def \w+\([^\n]{0,200}\)[^\n]{0,80}:|^from [\w.]+ import [\w(*]",
    "Perl": rb"(?m)^use strict;[ \t]*\r?$",
}


def _inverted(table: dict[str, str]) -> dict[bytes, str]:
    return {
        word.encode(): language
        for language, words in table.items()
        for word in words.split()
    }


_BY_SUFFIX = _inverted(_SUFFIXES)
_BY_NAME = _inverted(_NAMES)
_BY_INTERPRETER = _inverted(_INTERPRETERS)


def by_name(path: bytes) -> str | None:
    """Return the language that a file's name or extension declares, in any letter case."""
    name = path.rpartition(b"/")[2].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    stem, dot, suffix = name.rpartition(b".")
    if dot and stem and suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    return _STEMS.get(name.partition(b".")[0].decode("latin-1"))


def is_plain(path: bytes) -> bool:
    """Whether the extension is that of text or data, which no interpreter line changes."""
    name = path.rpartition(b"/")[2].lower()
    stem, dot, suffix = name.rpartition(b".")
    return bool(dot and stem) and suffix in _PLAIN_SUFFIXES


def by_interpreter(head: bytes) -> str | None:
    """Return the language of a ``#!`` line; None without one, "" for an unknown program."""
    if head.startswith(b"\xef\xbb\xbf"):
        head = head[3:]
    if not head.startswith(b"#!"):
        return None
    words = head[2:512].split(b"\n", 1)[0].split()
    for word in words:
        program = word.rsplit(b"/", 1)[-1].lower()
        if program == b"env" or program.startswith(b"-") or b"=" in program:
            continue
        program = program.removesuffix(b".exe")
        language = _BY_INTERPRETER.get(program) or _BY_INTERPRETER.get(
            program.rstrip(b"0123456789.-")
        )
        return language or ""
    return ""


def by_content(head: bytes) -> str | None:
    """Return the language of the first bytes of a file, None if they are no known code."""
    language = by_interpreter(head)
    if language is not None:
        return language or "script"
    if b"\0" in head:
        return None
    for name, pattern in _CONTENT.items():
        if re.search(pattern, head):
            return name
    return None
