// An outside provider for the browser tests: the certified `oidc-provider`, on loopback, with its
// own pages for signing in and agreeing.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

export const CLIENT = 'yunlong';
export const SECRET = 'a secret of the browser tests alone';

/** Listens at once, so that its issuer is known; `serve` begins when the portal's address is. */
export async function startProvider() {
  let handle = (_, response) => { response.statusCode = 503; response.end(); };
  const server = createServer((request, response) => handle(request, response));
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  return {
    issuer,
    serve(portal) {
      const provider = new Provider(issuer, {
        clients: [{
          client_id: CLIENT,
          client_secret: SECRET,
          redirect_uris: [`${portal}/sign-in/callback/province`],
          response_types: ['code'],
          grant_types: ['authorization_code'],
        }],
        pkce: { required: () => true },
        claims: { openid: ['sub'], profile: ['name'] },
        findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, name: '王五' }) }),
        cookies: { keys: ['browser tests'] },
      });
      handle = provider.callback();
    },
    stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }),
  };
}
