const vm = require("vm");
const express = require("express");
const app = express();

app.post("/calc", (req, res) => {
  // ruleid: javascript-code-execution
  const result = eval(req.body.expression);
  // ruleid: javascript-code-execution
  const compute = new Function("x", `return ${req.query.f}`);
  // ruleid: javascript-code-execution
  vm.runInNewContext(req.body.code, {});
  // ok: javascript-code-execution
  const data = JSON.parse(req.body.data);
  // ok: javascript-code-execution
  setTimeout(() => res.json(req.body), 10);
  // ok: javascript-code-execution
  eval("1 + 1");
});

router.post("/koa", (ctx) => {
  const { code } = ctx.request.body;
  // ruleid: javascript-code-execution
  ctx.body = eval(code);
});

fastify.post("/fastify", async (request) => {
  // ruleid: javascript-code-execution
  return eval(request.body.code);
});

export default function handler(req, res) {
  // ruleid: javascript-code-execution
  res.json(eval(req.query.q));
}

// ruleid: javascript-code-execution
eval(location.hash.slice(1));

// Handlers are recognized by their position, not by their parameter names.
app.get("/c", (q, r) => {
  // ruleid: javascript-code-execution
  eval(q.query.c);
});
router.post("/c", authenticate, async function (incoming, reply) {
  // ruleid: javascript-code-execution
  eval(incoming.body.c);
});
fastify.get("/c", async (incoming, reply) => {
  // ruleid: javascript-code-execution
  return eval(incoming.query.c);
});
router.get("/c", async (context, next) => {
  // ruleid: javascript-code-execution
  context.body = eval(context.query.c);
});
koa.use(async (c) => {
  // ruleid: javascript-code-execution
  c.body = eval(c.request.body.c);
});
cache.get("c", (error, value) => {
  // ok: javascript-code-execution
  eval(constants.query.c);
});
app.get("/c", wrap(async (q, r) => {
  // ruleid: javascript-code-execution
  eval(q.query.c);
}));
app.get("/c", ({ query }, r) => {
  // ruleid: javascript-code-execution
  eval(query.c);
});
exports.handler = async (happening) => {
  // ruleid: javascript-code-execution
  eval(happening.queryStringParameters.c);
};
export async function GET(r) {
  const address = new URL(r.url);
  // ruleid: javascript-code-execution
  eval(address.searchParams.get("c"));
}
