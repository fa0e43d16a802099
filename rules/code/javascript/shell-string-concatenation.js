const cp = require("child_process");
const { execSync, execFileSync } = cp;

// ruleid: javascript-shell-string-concatenation
execSync(`ping ${host}`);
// ruleid: javascript-shell-string-concatenation
cp.exec("ls " + folder);
// ruleid: javascript-shell-string-concatenation
child_process.exec(binary + " -v");
// ok: javascript-shell-string-concatenation
execFileSync("ping", [host]);
// ok: javascript-shell-string-concatenation
cp.exec("ls");
