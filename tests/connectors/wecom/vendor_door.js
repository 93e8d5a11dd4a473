// The vendor's library at both ends of a callback. A test oracle: what it is given stands in one JSON argument.
// serve: a door that takes callbacks as the library reads them, a JSON line for each. call: one callback of its own.
'use strict';
const http = require('http');
const { decrypt, encrypt, getSignature } = require(process.argv[2]);
const given = JSON.parse(process.argv[3]);
const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);

function open(url, sealed) {
  const asked = url.searchParams;
  const signed = getSignature(given.token, asked.get('timestamp'), asked.get('nonce'), sealed);
  if (signed !== asked.get('msg_signature')) return null;
  return decrypt(given.aes_key, sealed);
}

function answer(request, response, body) {
  const url = new URL(request.url, 'http://127.0.0.1');
  const echoes = request.method === 'GET';
  const sealed = echoes ? url.searchParams.get('echostr') : /<Encrypt><!\[CDATA\[(.*?)\]\]><\/Encrypt>/.exec(body)[1];
  const opened = open(url, sealed);
  response.statusCode = opened ? 200 : 401;
  response.end(opened && echoes ? opened.message : '');
  if (opened && !echoes) say({ target: request.url, body, message: opened.message, id: opened.id });
}

function serve() {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => answer(request, response, body));
  });
  server.listen(0, '127.0.0.1', () => say({ url: `http://127.0.0.1:${server.address().port}/hooks/wecom` }));
}

function call() {
  const sealed = encrypt(given.aes_key, given.message, given.id);
  const nonce = '1372623149';
  const signed = getSignature(given.token, given.timestamp, nonce, sealed);
  const url = new URL(given.url);
  const asked = { msg_signature: signed, timestamp: given.timestamp, nonce };
  url.search = new URLSearchParams(given.method === 'GET' ? { ...asked, echostr: sealed } : asked).toString();
  const request = http.request(url, { method: given.method, agent: false }, (response) => {
    let body = '';
    response.on('data', (part) => { body += part; });
    response.on('end', () => say({ status: response.statusCode, body }));
  });
  const xml = `<xml><ToUserName><![CDATA[${given.id}]]></ToUserName><Encrypt><![CDATA[${sealed}]]></Encrypt></xml>`;
  request.end(given.method === 'GET' ? undefined : xml);
}

(given.url ? call : serve)();
