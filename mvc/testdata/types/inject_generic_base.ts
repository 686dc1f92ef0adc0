// error at 22:14: Argument of type 'typeof UserRepository' is not assignable to parameter of type '["inject[0] gives", Store<number>, "but the constructor takes", Store<User>]'.
import { Container, token } from "../../../mod.ts";

interface Store<T> {
  list(): T[];
}
interface User {
  name: string;
}
const Users = token<Store<User>>("Users");
const Ages = token<Store<number>>("Ages");

class Repository<T> {
  constructor(readonly store: Store<T>) {}
}
class UserRepository extends Repository<User> {
  static readonly inject = [Ages] as const;
}

new Container().register(Users, { list: () => [] })
  .register(Ages, { list: () => [] })
  .singleton(UserRepository);
