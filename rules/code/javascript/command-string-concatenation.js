// ruleid: javascript-command-string-concatenation
runCommand(`tar xf ${file}`);
// ok: javascript-command-string-concatenation
runCommand("tar xf archive.tar");
// ok: javascript-command-string-concatenation
runCommand(`tar xf ${shellescape(file)}`);
