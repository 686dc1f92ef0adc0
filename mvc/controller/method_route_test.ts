import { assertEquals } from "@std/assert";
import { readMethodName } from "./method_route.ts";

function read(name: string, taken: string[] = []): string | undefined {
  const found = readMethodName(name, taken);
  return found && `${found.method} ${found.path}`;
}

Deno.test("readMethodName() reads a method and the words of a path", () => {
  assertEquals(read("get"), "GET /");
  assertEquals(read("Get"), "GET /");
  assertEquals(read("postLogin"), "POST /login");
  assertEquals(read("PutUserSettings"), "PUT /user/settings");
  assertEquals(read("patchV2Users"), "PATCH /v2/users");
  assertEquals(read("delete"), "DELETE /");
  assertEquals(read("head"), "HEAD /");
  assertEquals(read("optionsAll"), "OPTIONS /all");
  assertEquals(read("any"), "ANY /");
  assertEquals(read("getÄpfel"), "GET /äpfel");
});

Deno.test("readMethodName() reads By as a path parameter", () => {
  assertEquals(read("getBy"), "GET /:param1");
  assertEquals(read("getUserBy"), "GET /user/:param1");
  assertEquals(read("getByFollowers"), "GET /:param1/followers");
  assertEquals(read("getUserByFriendsBy"), "GET /user/:param1/friends/:param2");
  assertEquals(read("getByBy"), "GET /:param1/:param2");
  assertEquals(read("getByte"), "GET /byte");
  assertEquals(read("getABy"), "GET /a/:param1");
  assertEquals(read("getByBy", ["param1"]), "GET /:param2/:param3");
  assertEquals(read("getByBy", ["param2"]), "GET /:param1/:param3");
});

Deno.test("readMethodName() keeps capitals in a row together", () => {
  assertEquals(read("getURL"), "GET /url");
  assertEquals(read("getHTTPStatus"), "GET /http/status");
});

Deno.test("readMethodName() ignores other names", () => {
  for (
    const name of [
      "getter",
      "putty",
      "anyone",
      "GETUsers",
      "onGet",
      "user",
      "get_user",
      "get2",
      "getUser:id",
      "getUser/x",
      "_get",
      "",
    ]
  ) {
    assertEquals(read(name), undefined, name);
  }
});
