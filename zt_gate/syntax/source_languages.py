"""Names the programming language of a file, from its name or its first bytes.

Only languages whose files contain code: Markdown, JSON, YAML and other text or data have
none.  An interpreter line decides for a file with an unknown extension or without one.
"""

from __future__ import annotations

import re

from zt_gate import lazy_re

#: Bytes of a file that ``by_content`` needs.
HEAD_BYTES = 2048

_SUFFIXES = {
    "ABAP": "abap",
    "Ada": "adb ads",
    "Apex": "apex",
    "Assembly": "asm s nasm",
    "Astro": "astro",
    "ASP": "asp aspx ascx ashx asmx master",
    "AutoHotkey": "ahk",
    "AutoIt": "au3",
    "AWK": "awk gawk",
    "Batch": "bat cmd",
    "Bicep": "bicep",
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
    "CUE": "cue",
    "Cython": "pyx pxd",
    "D": "d",
    "Dart": "dart",
    "Delphi": "pas dpr dfm",
    "Desktop entry": "desktop",
    "EJS": "ejs",
    "Elixir": "ex exs heex eex",
    "Elm": "elm",
    "Elvish": "elv",
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
    "GraphQL": "graphql gql",
    "Groovy": "groovy gradle gvy jenkinsfile",
    "Hack": "hack hh",
    "Haml": "haml",
    "Handlebars": "hbs handlebars mustache",
    "Haskell": "hs lhs",
    "Haxe": "hx",
    "HTML application": "hta",
    "Idris": "idr",
    "Inno Setup": "iss",
    "Java": "java",
    "JavaScript": "js jsx mjs cjs es6 jsm ssjs gs jake",
    "Jinja": "j2 jinja jinja2 njk",
    "Jsonnet": "jsonnet libsonnet",
    "JSP": "jsp jspx jspf",
    "Julia": "jl",
    "Jupyter notebook": "ipynb",
    "Kotlin": "kt kts",
    "Lean": "lean",
    "Liquid": "liquid",
    "LLVM": "ll",
    "Lua": "lua luau rockspec",
    "Makefile": "mk mak",
    "Mako": "mako",
    "MDX": "mdx",
    "Mojo": "mojo",
    "Move": "move",
    "Nim": "nim nims nimble",
    "Nix": "nix",
    "NSIS": "nsi nsh",
    "Nushell": "nu",
    "Objective-C": "m mm",
    "OCaml": "ml mli mll mly",
    "Perl": "pl pm pod t psgi",
    "PHP": "php php3 php4 php5 php7 php8 phtml phps pht inc module theme",
    "Pickle": "pkl pickle dill joblib",
    "PowerShell": "ps1 psm1 psd1",
    "Prolog": "pro prolog",
    "Protocol Buffers": "proto",
    "Pug": "pug jade",
    "PureScript": "purs",
    "Puppet": "pp",
    "Python": "py pyw pyi py3 wsgi pth bzl rpy sage xsh ipy gypi tac",
    "R": "r rmd",
    "Racket": "rkt",
    "Raku": "raku rakumod p6",
    "Registry": "reg",
    "Rego": "rego",
    "ReScript": "res resi",
    "Ruby": "rb rbw rake gemspec podspec ru jbuilder",
    "Rust": "rs",
    "SAS": "sas",
    "Scala": "scala sc sbt",
    "Scheme": "scm ss",
    "Shell": "sh bash zsh ksh csh tcsh fish dash ash bats command",
    "Slim": "slim",
    "Smalltalk": "st",
    "Solidity": "sol",
    "SQL": "sql psql plsql pls pks pkb",
    "Starlark": "star starlark",
    "Svelte": "svelte",
    "Swift": "swift",
    "SystemVerilog": "sv svh",
    "systemd unit": "service timer socket",
    "Tcl": "tcl tk exp",
    "Terraform": "tf hcl nomad",
    "TypeScript": "ts tsx mts cts",
    "Twig": "twig",
    "V": "vlang",
    "Vala": "vala vapi",
    "VBScript": "vbs vba bas cls frm",
    "Verilog": "v vh",
    "VHDL": "vhd vhdl",
    "Vim script": "vim",
    "Visual Basic": "vb",
    "Vue": "vue",
    "Vyper": "vy",
    "WebAssembly text": "wat wast",
    "Windows script": "wsf wsc",
    "XSLT": "xsl xslt",
    "Zig": "zig",
}
_NAMES = {
    "Ruby": ".irbrc .pryrc rakefile gemfile vagrantfile podfile brewfile fastfile guardfile "
    "capfile dangerfile",
    "Makefile": "makefile gnumakefile bsdmakefile kbuild",
    "Dockerfile": "dockerfile containerfile earthfile",
    "Groovy": "jenkinsfile",
    "CMake": "cmakelists.txt",
    "Starlark": "build build.bazel workspace workspace.bazel module.bazel buck tiltfile",
    "Just": "justfile .justfile",
    "Shell": ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc "
    ".zprofile .zshenv .zlogin .kshrc .cshrc .envrc pkgbuild apkbuild gradlew configure "
    "bashrc zshrc .xinitrc .xprofile .mkshrc .tcshrc",
    "JavaScript": "jakefile",
    "Python": "sconstruct sconscript wscript snakefile .pythonrc",
    "Procfile": "procfile",
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
#: Extensions of templates: the one before it names the language.
_TEMPLATES = frozenset(
    b"in tmpl tpl template j2 jinja jinja2 mustache hbs dist example sample orig".split()
)
#: The name of text whose language is not known.
UNKNOWN = "unknown type"
# Text and data whose interpreter line, if there is one, does not make it code.
_PLAIN_SUFFIXES = frozenset(
    b"md markdown rst adoc asciidoc txt text typed json jsonc json5 jsonl ndjson geojson topojson"
    b" webmanifest map yml yaml toml xml xsd dtd rng plist resx csv tsv psv html htm xhtml shtml"
    b" css scss sass less styl pcss svg lock log po pot mo arb strings srt vtt sub ics vcf ini cfg"
    b" conf config properties env prefs editorconfig tex bib rtf org wiki textile diff patch eml"
    b" mbox asc sig pem crt cer key pub csr gpg sum mod work sha256 md5 sha1 list lst dat data tab"
    b" out golden expected snap sarif har tmx xliff xlf ftl cff license licence notice version"
    b" gitignore dockerignore npmignore gitattributes gitkeep keep rules flake8 ipa ttl n3 rdf owl"
    b" obj mtl stl ply gltf fasta fa gff vcf pdb sdf mol nfo man 1 2 3 4 5 6 7 8 9 csproj fsproj"
    b" vbproj sln props targets nuspec storyboard xib pbxproj xcconfig entitlements xcscheme afm"
    b" mplstyle rels pc f2py_f2cmap".split()
)
#: Names without a known extension that are prose or data by convention.
_PLAIN_NAMES = lazy_re.compile(
    rb"(?:un)?(?:licen[sc]e|copying|copyright|notice|authors?|readme|changelog|changes|news|todo|history"
    rb"|contributors?|contributing|maintainers|thanks|acknowledg\w+|credits|install|version|codeowners"
    rb"|owners|security|patents|manifest|metadata|record|wheel|installer|requested|pkg-info|pipfile"
    rb"|cname|release\w*|requirements|constraints|gemfile\.lock|delete|faq|hacking|bugs|legal"
    rb"|third[_-]?party\w*|code_of_conduct|roadmap|description|zip-safe|not-zip-safe|apache|mit)"
    rb"(?:[-_. ].*)?"
    rb"|.*\.(?:png|jpe?g|gif|webp|ico|bmp|tiff?|pdf|woff2?|ttf|otf|eot)"
    rb"|\.[\w.-]*ignore|\.\w+rc|\.\w+[-_]versions?|\.env(?:[.-].*)?|\.git(?:attributes|modules|keep)"
    rb"|\.keep|\.editorconfig|\.mailmap|\.flake8|\.htaccess|\.nojekyll|\.buildinfo|\.git-blame[\w-]*"
    rb"|\.clang-(?:format|tidy)|\.clangd|\.ds_store|\.project|\.classpath|\.gitlint|\.codespell\w*"
)
_PAGES = frozenset(b"html htm xhtml shtml svg xml".split())
_SCRIPT_IN_PAGE = lazy_re.compile(
    rb"(?i)<script\b|<%|<\?php|<!--#exec|<foreignobject\b|"
    rb"[\s\"'/]on[a-z]{3,20}[ \t\r\n]{0,8}=[ \t\r\n]{0,8}[\"'\w]"
    rb"|javascript:|<iframe\b[^>]{0,500}srcdoc"
)
#: What the verdict line calls a page with code in it.
SCRIPTS_IN_PAGE = "scripts inside HTML"
_EMACS_MODE = lazy_re.compile(
    rb"-\*-[ \t]{0,4}(?:[^\n]{0,80}?\bmode:[ \t]{0,4})?(?P<mode>[A-Za-z+#-]{1,20})[ \t;]{0,4}"
    rb"(?:[^\n]{0,80}?)-\*-"
)
_VIM_MODE = lazy_re.compile(
    rb"\b(?:vim?|ex):[^\n]{0,80}?\b(?:ft|filetype|syntax)=(?P<mode>\w{1,20})"
)
# Protocol 0 is text: ``cposix\nsystem\n``; the later ones begin with their number.
_PICKLE = lazy_re.compile(
    rb"\A(?:\x80[\x00-\x05]|[(\]}lp\d\n]{0,8}c[\w.]{1,80}\n[\w.]{1,80}\n)"
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
_BY_TITLE = {language.lower().encode(): language for language in _SUFFIXES}


def by_name(path: bytes) -> str | None:
    """Return the language that a file's name or extension declares, in any letter case.

    A template, such as ``x.py.in``, has the language of what it is a template of.
    """
    name = _inner_name(path)
    if name in _BY_NAME:
        return _BY_NAME[name]
    stem, dot, suffix = name.rpartition(b".")
    if dot and stem and suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    return _STEMS.get(name.partition(b".")[0].decode("latin-1"))


def is_plain(path: bytes) -> bool:
    """Whether the name is that of text or data, which no interpreter line changes."""
    name = _inner_name(path)
    stem, dot, suffix = name.rpartition(b".")
    return bool(dot and stem) and suffix in _PLAIN_SUFFIXES


def is_plain_name(path: bytes) -> bool:
    """Whether a name without such an extension is one of prose or settings."""
    name = path.rpartition(b"/")[2].lower()
    return _PLAIN_NAMES.fullmatch(name) is not None


def template_of(path: bytes) -> bytes:
    """Return the extension of what a template is made for, b"" if it is no template."""
    name = path.rpartition(b"/")[2].lower()
    inner = _inner_name(path)
    return inner.rpartition(b".")[2] if inner != name else b""


def is_page(path: bytes) -> bool:
    """Whether a file is markup that may have scripts in it."""
    return _inner_name(path).rpartition(b".")[2] in _PAGES


def has_script(page: bytes) -> bool:
    """Whether markup has code in it: a script, an event attribute, a server's tag."""
    return _SCRIPT_IN_PAGE.search(page) is not None


def is_pickle(head: bytes) -> bool:
    """Whether bytes are a Python pickle, which runs code when it is read."""
    return _PICKLE.match(head) is not None


def _inner_name(path: bytes) -> bytes:
    """Return the name in lower case, without the extension of a template."""
    name = path.rpartition(b"/")[2].lower()
    stem, dot, suffix = name.rpartition(b".")
    if dot and suffix in _TEMPLATES:
        inner = stem.rpartition(b".")[2]
        if stem in _BY_NAME or (
            b"." in stem[1:] and (inner in _BY_SUFFIX or inner in _PLAIN_SUFFIXES)
        ):
            return stem
    return name


def by_modeline(head: bytes) -> str | None:
    """Return the language that a line for an editor names, None without one."""
    first = b"\n".join(head.split(b"\n", 5)[:5])
    match = _EMACS_MODE.search(first) or _VIM_MODE.search(first)
    if match is None:
        return None
    mode = match["mode"].lower()
    return _BY_INTERPRETER.get(mode.rstrip(b"-")) or _BY_TITLE.get(mode)


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
    language = by_modeline(head)
    if language is not None:
        return language
    for name, pattern in _CONTENT.items():
        if re.search(pattern, head):
            return name
    return None
