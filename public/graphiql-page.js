// Mounts GraphiQL, once its first request can carry the token of the session.

import { exampleTabs } from './examples.js';
import { restored } from './session.js';

const root = document.querySelector('#graphiql');

if (globalThis.YogaGraphiQL) restored.then(mount);
else root.textContent = 'GraphiQL could not be loaded. Reload the page to try again.';

function mount() {
  const linked = readLink();
  const { query, variables } = linked ?? readOpenTab() ?? exampleTabs[0];
  history.replaceState(null, '', location.pathname);
  globalThis.YogaGraphiQL.renderYogaGraphiQL(root, {
    endpoint: location.pathname,
    query,
    variables: variables ?? '',
    defaultTabs: linked ? [linked, ...exampleTabs] : exampleTabs,
    defaultEditorToolsVisibility: Boolean(variables),
    // Headers may hold credentials: they stay in the memory of this tab.
    shouldPersistHeaders: false,
    // What is typed stays out of the address bar, and so out of histories and logs.
    onEditQuery: () => undefined,
  });
}

/** What a link such as `/graphql?query={me{id}}` asks for. */
function readLink() {
  const { searchParams } = new URL(location.href);
  const query = searchParams.get('query');
  return query ? { query, variables: searchParams.get('variables') } : undefined;
}

/** What was open at the last visit: unless GraphiQL is given it, it adds an empty tab at every visit. */
function readOpenTab() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    return tabs[activeTabIndex];
  } catch {
    return undefined;
  }
}
