@Controller("users")
class UsersController {
  @UseGuards(JwtAuthGuard)
  @Patch(":id")
  change(@Param("id") id: number) { return 1; }
  // ruleid: javascript-missing-guard
  @Delete(":id")
  remove(@Param("id") id: number) { return 1; }
  // ok: javascript-missing-guard
  @Post("login")
  login(@Body() body: LoginDto) { return 1; }
  // ok: javascript-missing-guard
  @Get()
  list() { return 1; }
}
@UseGuards(JwtAuthGuard)
@Controller("teams")
class TeamsController {
  @UseGuards(RolesGuard)
  @Patch(":id")
  change() { return 1; }
  // ok: javascript-missing-guard
  @Delete(":id")
  remove() { return 1; }
}
@Controller("open")
class OpenController {
  // ok: javascript-missing-guard
  @Post()
  create() { return 1; }
}
const posts = createTRPCRouter({
  create: protectedProcedure.input(newPost).mutation(({ ctx, input }) => ctx.db.create(input)),
  // ruleid: javascript-missing-guard
  remove: publicProcedure.input(postId).mutation(({ ctx, input }) => ctx.db.remove(input.id)),
  // ok: javascript-missing-guard
  signUp: publicProcedure.input(account).mutation(({ ctx, input }) => ctx.users.add(input)),
  // ok: javascript-missing-guard
  list: publicProcedure.query(({ ctx }) => ctx.db.list()),
});
const open = createTRPCRouter({
  // ok: javascript-missing-guard
  remove: publicProcedure.input(postId).mutation(({ ctx, input }) => ctx.db.remove(input.id)),
});
