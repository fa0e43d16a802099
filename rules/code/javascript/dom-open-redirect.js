// ruleid: javascript-dom-open-redirect
window.location.href = new URLSearchParams(location.search).get("next");
// ruleid: javascript-dom-open-redirect
location.assign(location.hash);
// ok: javascript-dom-open-redirect
window.location.href = "/home";
// ok: javascript-dom-open-redirect
location.assign(url);
