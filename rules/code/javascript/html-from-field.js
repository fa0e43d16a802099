// ruleid: javascript-html-from-field
$(".title").html($(trigger).attr("title"));
// ruleid: javascript-html-from-field
output.innerHTML = document.getElementById("name").value;
// ok: javascript-html-from-field
$(".title").text($(trigger).attr("title"));
// ok: javascript-html-from-field
output.textContent = document.getElementById("name").value;
