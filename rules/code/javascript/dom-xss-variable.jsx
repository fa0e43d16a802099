function show(text) {
  // ruleid: javascript-dom-xss-variable
  box.innerHTML = text;
}

// ruleid: javascript-dom-xss-variable
$("#out").html($("#name").val());
// ruleid: javascript-dom-xss-variable
const Page = (props) => <div dangerouslySetInnerHTML={{ __html: props.html }} />;
function safe(text) {
  // ok: javascript-dom-xss-variable
  box.textContent = text;
}

function clean(text) {
  // ok: javascript-dom-xss-variable
  box.innerHTML = DOMPurify.sanitize(text);
}
