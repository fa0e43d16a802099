"""What a stand's files and variables have."""

from __future__ import annotations

#: What the restricted file, the key and the variable have.
PLAN = "the plan of the third quarter"
KEY = "a private key of the person"
TOKEN = "the value of a variable"  # noqa: S105 - nothing secret
VARIABLE = "ZT_DRILL_VALUE"
#: Programs that the project has already: nobody sees from their names what they do.
PROGRAMS = {
    "read.py": "print(open('secrets/plan.txt').read())\n",
    "write.py": "open('../outside/kept.txt', 'w').write('x')\n",
    "hook.py": "import os; os.chmod('.git/hooks/pre-commit', 0o644)\n",
    "variables.py": "import os; print(dict(os.environ))\n",
    "net.py": "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)\n",
    "local.py": "import socket; s = socket.socket(1); s.connect('../service'); s.send(b'x')\n",
    "late.py": (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    time.sleep(1)\n"
        "    open('src/late.txt', 'w').write('x')\n"
        "    os._exit(0)\n"
    ),
}
HOOK = "#!/bin/sh\nexit 1\n"
KEPT = "kept\n"
