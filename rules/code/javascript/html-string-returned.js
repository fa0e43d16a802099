function hello(name) {
  // ruleid: javascript-html-string-returned
  return `<h1>Hello ${name}</h1>`;
}
function safe(name) {
  // ok: javascript-html-string-returned
  return `<h1>Hello ${escapeHtml(name)}</h1>`;
}
function constant() {
  // ok: javascript-html-string-returned
  return "<h1>Hello</h1>";
}
