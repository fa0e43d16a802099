// ruleid: javascript-command-line-from-text
runCommand(`tar xf ${file}`);
// ok: javascript-command-line-from-text
runCommand("tar xf archive.tar");
// ok: javascript-command-line-from-text
runCommand(`tar xf ${shellescape(file)}`);
