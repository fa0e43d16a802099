// ruleid: javascript-regex-backtracking
/^(a+)+$/.test(text);
// ruleid: javascript-regex-backtracking
const pattern = /^(\w+\s?)*$/;
// ok: javascript-regex-backtracking
/^a+$/.test(text);
