// ruleid: javascript-regex-backtracking
/^(a+)+$/.test(text);
// ruleid: javascript-regex-backtracking
text.replace(/^(\w+\s?)*$/, "");
// ok: javascript-regex-backtracking
/^a+$/.test(text);
