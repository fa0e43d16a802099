import express from "express";
import DOMPurify from "dompurify";
import { useSearchParams } from "next/navigation";

const app = express();

app.get("/hello", (req, res) => {
  const name = req.query.name;
  // ruleid: javascript-xss
  res.send(`<h1>Hello ${name}</h1>`);
  // ruleid: javascript-xss
  res.send("<h1>Hello " + req.query.name + "</h1>");
  const page = "<p>" + req.body.text + "</p>";
  // ruleid: javascript-xss
  res.status(200).send(page);
  // ok: javascript-xss
  res.send(`<h1>Hello ${escapeHtml(name)}</h1>`);
  // ok: javascript-xss
  res.json({ name });
  // ok: javascript-xss
  res.send({ name });
  // ok: javascript-xss
  res.render("hello", { name });
  // ok: javascript-xss
  res.send(`<h1>${Number(req.query.id)}</h1>`);
});

router.get("/koa", (ctx) => {
  // ruleid: javascript-xss
  ctx.body = `<p>${ctx.query.name}</p>`;
  // ok: javascript-xss
  ctx.body = { name: ctx.query.name };
});

fastify.get("/fastify", (request, reply) => {
  // ruleid: javascript-xss
  reply.type("text/html").send(`<p>${request.query.name}</p>`);
});

export function GET(request) {
  const name = request.nextUrl.searchParams.get("name");
  // ruleid: javascript-xss
  return new Response(`<p>${name}</p>`, { headers: { "Content-Type": "text/html" } });
}

function dom() {
  const query = new URLSearchParams(window.location.search).get("q");
  // ruleid: javascript-xss
  document.getElementById("out").innerHTML = query;
  // ruleid: javascript-xss
  document.write("<p>" + location.hash + "</p>");
  // ruleid: javascript-xss
  box.insertAdjacentHTML("beforeend", `<b>${document.referrer}</b>`);
  // ok: javascript-xss
  document.getElementById("out").textContent = query;
  // ok: javascript-xss
  document.getElementById("out").innerHTML = DOMPurify.sanitize(query);
  // ok: javascript-xss
  document.getElementById("out").innerHTML = "<b>ready</b>";
}

export function Page() {
  const params = useSearchParams();
  // ruleid: javascript-xss
  return <div dangerouslySetInnerHTML={{ __html: params.get("html") }} />;
}

export function SafePage() {
  const params = useSearchParams();
  // ok: javascript-xss
  return <div>{params.get("html")}</div>;
}
