import shlex

# ruleid: python-command-line-from-text
client.run_command("rm -rf %s" % folder)
# ruleid: python-command-line-from-text
self._run_ssh(f"svcinfo lshost {name}")
# ruleid: python-command-line-from-text
__salt__["cmd.run"]("df -" + flags)
# ok: python-command-line-from-text
self._run_ssh(["svcinfo", "lshost", name])
# ok: python-command-line-from-text
client.run_command("uptime")
# ok: python-command-line-from-text
client.run_command(shlex.quote(name))
