import express, { Request, Response } from "express";
import { Pool } from "pg";
import { PrismaClient } from "@prisma/client";

const app = express();
const pool = new Pool();
const prisma = new PrismaClient();

app.get("/users/:id", async (req: Request, res: Response) => {
  // ruleid: javascript-sql-injection
  await pool.query(`SELECT * FROM users WHERE id = ${req.params.id}`);
  const sql = "SELECT * FROM users WHERE name = '" + req.query.name + "'";
  // ruleid: javascript-sql-injection
  connection.query(sql, (error, rows) => res.json(rows));
  // ruleid: javascript-sql-injection
  await prisma.$queryRawUnsafe(`SELECT * FROM users WHERE id = ${req.params.id}`);
  // ruleid: javascript-sql-injection
  await sequelize.query(`DELETE FROM users WHERE id = ${req.body.id}`);
  // ok: javascript-sql-injection
  await pool.query("SELECT * FROM users WHERE id = $1", [req.params.id]);
  // ok: javascript-sql-injection
  await prisma.$queryRaw`SELECT * FROM users WHERE id = ${req.params.id}`;
  // ok: javascript-sql-injection
  await pool.query(`SELECT * FROM users LIMIT ${Number(req.query.limit)}`);
  // ok: javascript-sql-injection
  await prisma.user.findMany({ where: { name: req.query.name } });
});

router.get("/koa", async (ctx) => {
  // ruleid: javascript-sql-injection
  await db.all(`SELECT * FROM t WHERE name = '${ctx.query.name}'`);
});

fastify.get("/fastify", async (request) => {
  // ruleid: javascript-sql-injection
  return client.query("SELECT * FROM t WHERE id = " + request.query.id);
});

export async function POST(request: Request) {
  const { email } = await request.json();
  // ruleid: javascript-sql-injection
  await db.execute(`SELECT * FROM users WHERE email = '${email}'`);
}
