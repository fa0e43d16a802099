import shlex

# ruleid: python-command-string-concatenation
client.run_command("rm -rf %s" % folder)
# ruleid: python-command-string-concatenation
self._run_ssh(f"svcinfo lshost {name}")
# ruleid: python-command-string-concatenation
__salt__["cmd.run"]("df -" + flags)
# ok: python-command-string-concatenation
self._run_ssh(["svcinfo", "lshost", name])
# ok: python-command-string-concatenation
client.run_command("uptime")
# ok: python-command-string-concatenation
client.run_command(shlex.quote(name))
