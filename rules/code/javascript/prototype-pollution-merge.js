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

function setByPath(target, path, value) {
  const parts = path.split(".");
  let node = target;
  for (let i = 0; i < parts.length - 1; i++) {
    // ruleid: javascript-prototype-pollution-merge
    node = node[parts[i]];
  }
  node[parts[parts.length - 1]] = value;
}

function setChecked(target, parts, value) {
  if (parts.includes("__proto__")) return;
  let node = target;
  for (const part of parts) {
    // ok: javascript-prototype-pollution-merge
    node = node[part];
  }
  node[parts.at(-1)] = value;
}
