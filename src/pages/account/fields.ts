/** What people are asked for, wherever they are asked for it. */

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password' | 'email';
  /** What a browser or a password manager may fill in. */
  readonly autocomplete: string;
  readonly hint?: string;
  readonly isOptional?: boolean;
  /** Whether it is never written back into a page. */
  readonly isSecret?: boolean;
  /** Whether it is copied letter by letter. */
  readonly isCode?: boolean;
}

export const login: FormField = {
  name: 'login',
  label: 'Username or e-mail address',
  autocomplete: 'username',
};

export const newPassword: FormField = {
  name: 'newPassword',
  label: 'New password',
  type: 'password',
  autocomplete: 'new-password',
  isSecret: true,
  hint: '8 to 256 characters of any kind.',
};

export const code: FormField = {
  name: 'code',
  label: 'Code',
  autocomplete: 'one-time-code',
  isSecret: true,
  isCode: true,
  hint: 'As it stands in the message.',
};
