// ruleid: javascript-html-string-concatenation
box.innerHTML = `<b>${name}</b>`;
// ruleid: javascript-html-string-concatenation
$("#box").append("<li>" + name + "</li>");
// ok: javascript-html-string-concatenation
box.innerHTML = "<b>ready</b>";
// ok: javascript-html-string-concatenation
box.textContent = `<b>${name}</b>`;
// ok: javascript-html-string-concatenation
box.innerHTML = `<b>${escapeHtml(name)}</b>`;
