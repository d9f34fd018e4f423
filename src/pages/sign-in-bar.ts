import { demoPassword, openAccounts } from './demo-accounts.ts';
import { logo } from './document.ts';
import { html, type Markup } from './html.ts';
import { renderNavigation } from './navigation.ts';

interface SignInBar {
  hasDemo: boolean;
  hasReference: boolean;
  current: string;
}

/** The bar above the pages that send requests. The form is a POST, so that without its script a password never lands in a URL. */
export function renderSignInBar({ hasDemo, hasReference, current }: SignInBar): Markup {
  return html`<header class="bar">
<a class="brand" href="./">${logo}<span>Usergraph</span></a>
${renderNavigation({ hasReference, current })}
<div class="signed-out" id="signed-out" hidden>
${hasDemo ? demoButtons : ''}
<form id="sign-in" method="post" aria-label="Sign in">
<div class="field">
<label for="login">Username or e-mail</label>
<input id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
</div>
<button class="button primary" type="submit">Sign in</button>
</form>
</div>
<div class="signed-in" id="signed-in" hidden>
<p id="signed-in-as" role="status">Signed in as <strong id="viewer"></strong></p>
<button class="button" id="sign-out" type="button" aria-describedby="signed-in-as">Sign out</button>
</div>
<p class="notice" id="notice" role="alert"></p>
</header>`;
}

const demoButtons = html`<div class="demo" id="demo" role="group" aria-label="Demo accounts" data-password="${demoPassword}">
<span aria-hidden="true">Demo</span>
${openAccounts.map(
  ({ login, role }) =>
    html`<button class="chip" type="button" data-login="${login}" title="${role}" aria-label="Sign in as ${login}">${login}</button>`,
)}
</div>`;
