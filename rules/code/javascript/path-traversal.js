const fs = require("fs");
const path = require("path");
const express = require("express");
const app = express();

app.get("/download", (req, res) => {
  const name = req.query.file;
  // ruleid: javascript-path-traversal
  fs.readFile(path.join(__dirname, "files", name), (error, data) => res.end(data));
  // ruleid: javascript-path-traversal
  res.sendFile(path.join(__dirname, req.params.name));
  // ruleid: javascript-path-traversal
  fs.unlinkSync("/srv/" + req.body.name);
  // ok: javascript-path-traversal
  fs.readFileSync(path.join(__dirname, path.basename(name)));
  // ok: javascript-path-traversal
  res.sendFile(name, { root: "/srv/files" });
  const full = path.resolve("/srv", name);
  if (!full.startsWith("/srv/")) {
    return res.status(403).end();
  }
  // ok: javascript-path-traversal
  fs.readFileSync(full);
  // ok: javascript-path-traversal
  fs.readFileSync("config.json");
});

router.get("/koa", async (ctx) => {
  // ruleid: javascript-path-traversal
  ctx.body = await fs.promises.readFile(`/srv/${ctx.params.name}`);
});

fastify.get("/fastify/:name", async (request, reply) => {
  // ruleid: javascript-path-traversal
  return reply.send(fs.createReadStream(`/srv/${request.params.name}`));
});

export default function handler(req, res) {
  // ruleid: javascript-path-traversal
  res.send(fs.readFileSync("./data/" + req.query.slug));
}

app.get("/download", (q, r) => {
  // ruleid: javascript-path-traversal
  r.sendFile(q.params.name);
});
