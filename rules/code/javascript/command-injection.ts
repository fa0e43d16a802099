import { exec, execFile, execSync, spawn } from "node:child_process";
import * as cp from "child_process";
import express, { Request, Response } from "express";
import { NextRequest } from "next/server";

const app = express();
const HOSTS = ["localhost"];

app.get("/ping", (req: Request, res: Response) => {
  const host = req.query.host as string;
  // ruleid: javascript-command-injection
  exec(`ping -c 1 ${host}`, (error, out) => res.send(out));
  // ruleid: javascript-command-injection
  execSync("ping -c 1 " + req.query.host);
  // ruleid: javascript-command-injection
  cp.exec("ping " + host);
  // ruleid: javascript-command-injection
  spawn(`ping ${host}`, { shell: true });
  // ok: javascript-command-injection
  execFile("ping", ["-c", "1", "--", host], (error, out) => res.json(out));
  // ok: javascript-command-injection
  spawn("ping", ["-c", "1", host]);
  const count = Number(req.query.count);
  // ok: javascript-command-injection
  exec(`ping -c ${count} localhost`);
  if (!HOSTS.includes(host)) {
    return res.status(400).end();
  }
  // ok: javascript-command-injection
  exec(`ping ${host}`);
  // ok: javascript-command-injection
  /a+/.exec(req.body.text);
});

router.post("/koa", async (ctx) => {
  // ruleid: javascript-command-injection
  execSync(`git clone ${ctx.request.body.url}`);
});

fastify.get("/fastify/:name", async (request, reply) => {
  // ruleid: javascript-command-injection
  return execSync(`whois ${request.params.name}`);
});

export async function POST(request: NextRequest) {
  const { command } = await request.json();
  // ruleid: javascript-command-injection
  execSync(command);
}
