const { exec, execFile } = require("child_process");

function list(folder, done) {
  // ruleid: javascript-shell-argument
  exec(`ls ${folder}`, done);
}
module.exports = (options, done) => {
  // ruleid: javascript-shell-argument
  exec("git clone " + options.url, done);
};
function safe(folder, done) {
  // ok: javascript-shell-argument
  execFile("ls", [folder], done);
}
function none(done) {
  // ok: javascript-shell-argument
  exec("ls", done);
}
