// ruleid: javascript-html-built-from-text
box.innerHTML = `<b>${name}</b>`;
// ruleid: javascript-html-built-from-text
$("#box").append("<li>" + name + "</li>");
// ok: javascript-html-built-from-text
box.innerHTML = "<b>ready</b>";
// ok: javascript-html-built-from-text
box.textContent = `<b>${name}</b>`;
// ok: javascript-html-built-from-text
box.innerHTML = `<b>${escapeHtml(name)}</b>`;
