/**
 * The small changes that can be made to a file. It is a plugin of `deno lint`, whose parser gives exact places: each
 * change is a diagnostic, with a {@linkcode Change} as JSON for its message.
 *
 * @module
 */

/** What a change does. */
export type Kind =
  | "negate"
  | "and-or"
  | "no-default"
  | "boundary"
  | "equality"
  | "arithmetic"
  | "count"
  | "number"
  | "boolean"
  | "string"
  | "remove-statement"
  | "remove-property"
  | "return-early";

/** A part of a file, and what is put there. */
export interface Change {
  readonly kind: Kind;
  /** In UTF-16 code units. */
  readonly start: number;
  /** In UTF-16 code units. */
  readonly end: number;
  readonly text: string;
}

type Node = Extract<Deno.lint.Node, { parent: unknown }>;
type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

/** The other operator, and the kind of the change. */
const OPERATORS: Readonly<Record<string, readonly [string, Kind]>> = {
  "<": ["<=", "boundary"],
  "<=": ["<", "boundary"],
  ">": [">=", "boundary"],
  ">=": [">", "boundary"],
  "===": ["!==", "equality"],
  "!==": ["===", "equality"],
  "==": ["!=", "equality"],
  "!=": ["==", "equality"],
  "+": ["-", "arithmetic"],
  "-": ["+", "arithmetic"],
  "*": ["/", "arithmetic"],
  "/": ["*", "arithmetic"],
  "%": ["*", "arithmetic"],
  "&": ["|", "arithmetic"],
  "|": ["&", "arithmetic"],
  "<<": [">>", "arithmetic"],
  ">>": ["<<", "arithmetic"],
  ">>>": ["<<", "arithmetic"],
  "&&": ["||", "and-or"],
  "||": ["&&", "and-or"],
};

/** Another change of such a condition does the same as to negate it. */
function isNegatedElsewhere(test: Node): boolean {
  return test.type === "BinaryExpression" && /^[!=]==?$/.test(test.operator) ||
    test.type === "Literal";
}

function isText(node: Node): boolean {
  return node.type === "TemplateLiteral" ||
    node.type === "Literal" && typeof node.value === "string" ||
    node.type === "BinaryExpression" && node.operator === "+" &&
      (isText(node.left) || isText(node.right)) ||
    node.type === "ConditionalExpression" &&
      (isText(node.consequent) || isText(node.alternate));
}

/** Whether it is in the text of an error: nobody pins the wording. */
function isWording(node: Node): boolean {
  let isWords = false;
  for (let child = node; isExpression(child); child = child.parent as Node) {
    isWords ||= isText(child);
    if (
      child.type === "NewExpression" && child.callee.type === "Identifier" &&
      child.callee.name.endsWith("Error")
    ) return isWords;
  }
  return false;
}

function isExpression({ type }: Node): boolean {
  return /(Expression|Literal|Property)$/.test(type);
}

/** Whether it is the name of something rather than a value. */
function isName(node: Deno.lint.Literal | Deno.lint.TemplateLiteral): boolean {
  const parent = node.parent as Node;
  switch (parent.type) {
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.key === node && !parent.computed;
    case "CallExpression":
      return parent.callee.type === "Identifier" &&
        parent.callee.name === "Symbol";
    case "ExpressionStatement":
      return true;
    case "TaggedTemplateExpression":
      return true;
    default:
      return /^(Import|Export|TS(?!As|Satisfies|NonNull))/.test(parent.type);
  }
}

const plugin: Deno.lint.Plugin = {
  name: "mutate",
  rules: {
    changes: {
      create(context) {
        const { sourceCode } = context;
        const textOf = (node: Node) => sourceCode.getText(node);

        function report(
          kind: Kind,
          node: Node,
          text: string,
          [start, end]: readonly number[] = node.range,
        ): void {
          if (start === undefined || end === undefined || isWording(node)) {
            return;
          }
          const change: Change = { kind, start, end, text };
          context.report({
            range: [start, end],
            message: JSON.stringify(change),
          });
        }

        function negate(test: Node | null): void {
          if (test === null || isNegatedElsewhere(test)) return;
          report("negate", test, `!(${textOf(test)})`);
        }

        /** A loop that is not entered; negated, it might never end. */
        function skip(test: Node | null): void {
          if (test === null || test.type === "Literal") return;
          report("negate", test, "false");
        }

        function changeOperator(
          node: Deno.lint.BinaryExpression | Deno.lint.LogicalExpression,
        ): void {
          const { left, right, operator } = node;
          if (operator === "??") {
            return report("no-default", node, `(${textOf(left)})`);
          }
          const [other, kind] = OPERATORS[operator] ?? [];
          if (other === undefined || kind === undefined) return;
          if (kind === "arithmetic" && (isText(left) || isText(right))) return;
          const start = sourceCode.text.indexOf(operator, left.range[1]);
          report(kind, node, other, [start, start + operator.length]);
        }

        function returnEarly({ body, parent }: FunctionNode): void {
          const isConstructor = parent.type === "MethodDefinition" &&
            parent.kind === "constructor";
          if (body === null || isConstructor) return;
          if (body.type !== "BlockStatement") {
            if (/^(Call|Await|Assignment)Expression$/.test(body.type)) {
              report("return-early", body, "undefined");
            }
            return;
          }
          const [first] = body.body;
          // To remove the only statement does the same.
          if (
            first === undefined ||
            body.body.length === 1 && first.type === "ExpressionStatement"
          ) return;
          const [start] = first.range;
          report("return-early", body, "return; ", [start, start]);
        }

        return {
          IfStatement: ({ test }) => negate(test),
          ConditionalExpression: ({ test }) => negate(test),
          WhileStatement: ({ test }) => skip(test),
          ForStatement: ({ test }) => skip(test),
          DoWhileStatement: ({ test }) => skip(test),
          UnaryExpression(node) {
            const { parent } = node;
            const isTest = parent.type === "IfStatement" ||
              parent.type === "ConditionalExpression" && parent.test === node;
            if (node.operator === "!" && !isTest) {
              report("negate", node, `!!(${textOf(node.argument)})`);
            }
          },
          LogicalExpression: changeOperator,
          BinaryExpression: changeOperator,
          UpdateExpression(node) {
            const { operator, prefix, argument } = node;
            const other = operator === "++" ? "--" : "++";
            const text = textOf(argument);
            report("count", node, prefix ? other + text : text + other);
          },
          Literal(node) {
            const { value, parent } = node;
            // The default of an element is there for the compiler as a rule.
            const isDefault = parent.type === "AssignmentPattern" &&
              parent.parent.type === "ArrayPattern";
            if (isName(node) || isDefault) return;
            if (value === 0 || value === 1) {
              report("number", node, String(1 - value));
            } else if (typeof value === "boolean") {
              report("boolean", node, String(!value));
            } else if (typeof value === "string") {
              report("string", node, value === "" ? '"changed"' : '""');
            }
          },
          TemplateLiteral(node) {
            if (isName(node)) return;
            report("string", node, "``");
          },
          ExpressionStatement(node) {
            const { expression } = node;
            const call = expression.type === "AwaitExpression" ||
                expression.type === "UnaryExpression"
              ? expression.argument
              : expression;
            const isSuper = call.type === "CallExpression" &&
              call.callee.type === "Super";
            if (
              !isSuper &&
              /^(Call|Assignment|Chain|Await)Expression$/.test(call.type)
            ) report("remove-statement", node, ";");
          },
          ObjectExpression({ properties, range }) {
            properties.forEach((property, i) => {
              const isUndefined = property.type === "Property" &&
                property.value.type === "Identifier" &&
                property.value.name === "undefined";
              if (isUndefined) return;
              const [start] = property.range;
              // The parser ends a spread after its three dots.
              const end = properties[i + 1]?.range[0] ?? range[1] - 1;
              report("remove-property", property, "", [start, end]);
            });
          },
          FunctionDeclaration: returnEarly,
          FunctionExpression: returnEarly,
          ArrowFunctionExpression: returnEarly,
        };
      },
    },
  },
};
export default plugin;
