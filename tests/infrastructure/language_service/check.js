// Prints the diagnostics of the state machine in the file that is named, as JSON.
const { readFileSync } = require("node:fs");
const { getLanguageService } = require("amazon-states-language-service");
const { TextDocument } = require("vscode-languageserver-textdocument");

const document = TextDocument.create("file:///machine.asl.json", "asl", 1, readFileSync(process.argv[2], "utf8"));
const service = getLanguageService({});
service
  .doValidation(document, service.parseJSONDocument(document))
  .then((diagnostics) => process.stdout.write(JSON.stringify(diagnostics)));
