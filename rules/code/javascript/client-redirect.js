// ruleid: javascript-client-redirect
window.location.href = new URLSearchParams(location.search).get("next");
// ruleid: javascript-client-redirect
location.assign(location.hash);
// ok: javascript-client-redirect
window.location.href = "/home";
// ok: javascript-client-redirect
location.assign(url);
