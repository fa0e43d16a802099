// ruleid: javascript-message-origin-not-checked
window.addEventListener("message", (event) => {
  run(event.data);
});
// ok: javascript-message-origin-not-checked
window.addEventListener("message", (event) => {
  if (event.origin !== "https://app.example.com") return;
  run(event.data);
});
// ok: javascript-message-origin-not-checked
worker.addEventListener("message", (event) => run(event.data));
