function show(text) {
  // ruleid: javascript-html-from-variable
  box.innerHTML = text;
}

// ruleid: javascript-html-from-variable
$("#out").html($("#name").val());
// ruleid: javascript-html-from-variable
const Page = (props) => <div dangerouslySetInnerHTML={{ __html: props.html }} />;
function safe(text) {
  // ok: javascript-html-from-variable
  box.textContent = text;
}

function clean(text) {
  // ok: javascript-html-from-variable
  box.innerHTML = DOMPurify.sanitize(text);
}
