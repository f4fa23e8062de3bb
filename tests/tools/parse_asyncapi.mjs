// Reads an AsyncAPI description with the official parser and prints {operations, problems}, problems from warnings up.
import { readFile } from "node:fs/promises";
import parser from "@asyncapi/parser";

const WARNING = 1;
const text = await readFile(process.argv[2], "utf8");
const { document, diagnostics } = await new parser.Parser().parse(text);
const problems = diagnostics
  .filter((item) => item.severity <= WARNING)
  .map((item) => `${item.path.join("/")}: ${item.message}`);
const operations = document ? document.operations().all().map((item) => item.id()) : [];
process.stdout.write(JSON.stringify({ operations, problems }));
