function checkout(branch: string) {
  // ruleid: javascript-argument-injection-argument
  return execFile("git", ["checkout", branch]);
}

function fetchBranch(branch: string) {
  // ok: javascript-argument-injection-argument
  return execFile("git", ["fetch", "origin", "--", branch]);
}
