// SPDX-License-Identifier: MIT
//
// Two phones of the web, JsSIP and SIP.js, without a browser: their WebSockets are those of
// `ws`, and their audio is a description that leads nowhere. They register, one calls the
// other and both hang up once, and messages go both ways. What happens is a line each.
//
//   node phones.cjs MODULES_FOLDER wss://127.0.0.1:8443/sip phones.example

const path = require('path');
const [folder, url, domain] = process.argv.slice(2);
const module_of = (name) => require.resolve(name, { paths: [path.resolve(folder)] });

const offer = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
  'm=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=sendrecv', ''].join('\r\n');

// As much of WebRTC as JsSIP asks for.
class Connection {
  constructor() {
    this.iceGatheringState = 'complete';
    this.iceConnectionState = this.connectionState = 'connected';
    this.signalingState = 'stable';
  }
  addEventListener() {}
  removeEventListener() {}
  addTrack() {}
  getSenders() { return []; }
  getReceivers() { return []; }
  async createOffer() { return { type: 'offer', sdp: offer }; }
  async createAnswer() { return { type: 'answer', sdp: offer }; }
  async setLocalDescription(one) { this.localDescription = one; }
  async setRemoteDescription(one) { this.remoteDescription = one; }
  close() { this.signalingState = 'closed'; }
}
const stream = { getTracks: () => [], getAudioTracks: () => [], getVideoTracks: () => [] };

global.WebSocket = require(module_of('ws'));
global.RTCPeerConnection = Connection;
global.RTCSessionDescription = class { constructor(one) { Object.assign(this, one); } };
global.window = global;

const say = (...words) => console.log(...words);
const happens = (emitter, name) => new Promise((done) => emitter.once(name, done));

// ---- alice: JsSIP

const JsSIP = require(module_of('jssip'));
const alice = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(url)],
  uri: `sip:alice@${domain}`, password: 'wonder', register: true, register_expires: 600,
  session_timers: false });
alice.on('registrationFailed', (e) => say('alice: not registered', e.cause));
alice.on('newMessage', (e) => {
  if (e.originator === 'remote') say('alice: message', e.request.body);
});
alice.on('newRTCSession', ({ originator, session }) => {
  if (originator === 'local') return;
  say('alice: rings');
  session.on('accepted', () => say('alice: answered'));
  session.on('ended', (e) => say('alice: ended by', e.originator));
  session.answer({ mediaStream: stream });
});

// ---- bob: SIP.js

async function new_bob() {
  const SIP = await import(module_of('sip.js')); // an ES module, which Node 18 does not require()
  const description = () => ({
    close() {},
    getDescription: async () => ({ body: offer, contentType: 'application/sdp' }),
    hasDescription: (type) => type === 'application/sdp',
    rollbackDescription: async () => {},
    setDescription: async () => {},
    sendDtmf: () => false,
  });
  const bob = new SIP.UserAgent({ uri: SIP.UserAgent.makeURI(`sip:bob@${domain}`),
    authorizationUsername: 'bob', authorizationPassword: 'builder', logBuiltinEnabled: false,
    transportOptions: { server: url }, sessionDescriptionHandlerFactory: description });
  bob.delegate = {
    onMessage(one) {
      say('bob: message', one.request.body);
      one.accept();
    },
    async onInvite(one) {
      say('bob: rings');
      one.stateChange.addListener((state) => {
        if (state === SIP.SessionState.Terminated) say('bob: ended');
      });
      await one.accept();
      say('bob: answered');
    },
  };
  await bob.start();
  const registerer = new SIP.Registerer(bob, { expires: 600 });
  const registered = new Promise((done) => registerer.stateChange.addListener((state) => {
    if (state === SIP.RegistererState.Registered) done();
  }));
  await registerer.register();
  await registered;
  return { SIP, bob, registerer };
}

// ---- what they do

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function main() {
  alice.start();
  await happens(alice, 'registered');
  say('alice: registered');
  const { SIP, bob, registerer } = await new_bob();
  say('bob: registered');

  const call = alice.call(`sip:bob@${domain}`, { mediaStream: stream });
  call.on('failed', (e) => say('alice: call failed', e.cause));
  await happens(call, 'confirmed');
  say('alice: connected');
  call.terminate();
  await pause(300);

  const back = new SIP.Inviter(bob, SIP.UserAgent.makeURI(`sip:alice@${domain}`));
  const established = new Promise((done) => back.stateChange.addListener((state) => {
    if (state === SIP.SessionState.Established) done();
  }));
  await back.invite();
  await established;
  say('bob: connected');
  await back.bye();
  await pause(300);

  await new Promise((succeeded, failed) => alice.sendMessage(`sip:bob@${domain}`, 'hello bob',
    { eventHandlers: { succeeded, failed } }));
  await new SIP.Messager(bob, SIP.UserAgent.makeURI(`sip:alice@${domain}`), 'hello alice').message();
  await pause(300);

  const gone = happens(alice, 'unregistered');
  alice.unregister();
  await gone;
  await registerer.unregister();
  say('done');
  process.exit(0);
}

setTimeout(() => process.exit(3), 30000);
main().catch((e) => {
  say('failed', e && e.stack || e);
  process.exit(1);
});
