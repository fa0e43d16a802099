// ruleid: javascript-dom-xss-field
$(".title").html($(trigger).attr("title"));
// ruleid: javascript-dom-xss-field
output.innerHTML = document.getElementById("name").value;
// ok: javascript-dom-xss-field
$(".title").text($(trigger).attr("title"));
// ok: javascript-dom-xss-field
output.textContent = document.getElementById("name").value;
