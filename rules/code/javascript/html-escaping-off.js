// ruleid: javascript-html-escaping-off
nunjucks.configure("views", { autoescape: false });
// ruleid: javascript-html-escaping-off
Handlebars.compile(text, { noEscape: true });
// ok: javascript-html-escaping-off
nunjucks.configure("views", { autoescape: true });
