// ruleid: javascript-escaping-off
nunjucks.configure("views", { autoescape: false });
// ruleid: javascript-escaping-off
Handlebars.compile(text, { noEscape: true });
// ok: javascript-escaping-off
nunjucks.configure("views", { autoescape: true });
