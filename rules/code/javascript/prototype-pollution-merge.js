function merge(to, from) {
  for (const key in from) {
    if (typeof from[key] === "object") {
      // ruleid: javascript-prototype-pollution-merge
      merge(to[key], from[key]);
    }
  }
}

function mergeSafe(to, from) {
  for (const key in from) {
    if (key === "__proto__") {
      continue;
    }
    // ok: javascript-prototype-pollution-merge
    mergeSafe(to[key], from[key]);
  }
}
