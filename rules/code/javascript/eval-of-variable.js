// ruleid: javascript-eval-of-variable
eval(code);
// ruleid: javascript-eval-of-variable
new Function("a", body);
// ok: javascript-eval-of-variable
eval("1 + 1");
// ok: javascript-eval-of-variable
JSON.parse(code);
