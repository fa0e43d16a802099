// ruleid: javascript-dom-xss-field
$(".title").html($(trigger).attr("title"));
// ruleid: javascript-dom-xss-field
output.innerHTML = document.getElementById("name").value;
// ok: javascript-dom-xss-field
$(".title").text($(trigger).attr("title"));
// ok: javascript-dom-xss-field
output.textContent = document.getElementById("name").value;
// ok: javascript-dom-xss-field
$(".box").empty().append($("<img>", { src: $(trigger).attr("href") }));
// ok: javascript-dom-xss-field
jQuery(".box").append(jQuery("<a/>", { href: $(trigger).attr("href"), text: $("#name").val() }));
// ruleid: javascript-dom-xss-field
$(".box").append($("<div>", { class: "note", html: $(trigger).attr("title") }));
// ruleid: javascript-dom-xss-field
$(".box").append($("<div>" + $(trigger).attr("title") + "</div>"));
