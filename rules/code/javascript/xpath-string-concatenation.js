const xpath = require("xpath");

function find(name, doc) {
  // ruleid: javascript-xpath-string-concatenation
  return xpath.select(`//user[@name='${name}']`, doc);
}
function other(name, doc) {
  // ruleid: javascript-xpath-string-concatenation
  return xpath.select1("//user[@name='" + name + "']", doc);
}
function all(doc) {
  // ok: javascript-xpath-string-concatenation
  return xpath.select("//user", doc);
}
