// Prepares the page for Monaco, the editor inside GraphiQL, and runs before it.

const files = {
  editorWorkerService: 'editor.worker.js',
  graphql: 'graphql.worker.js',
  json: 'json.worker.js',
};
const { workers } = document.querySelector('#graphiql').dataset;

globalThis.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_, label) => workers + files[label],
};
