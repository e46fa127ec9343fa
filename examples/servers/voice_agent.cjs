// A voice agent before it thinks: it says what it hears, in either framing of WebSockets, and
// knows nothing of moonsip. "*" takes back what it is about to say, "#" hangs up.
//
//   node examples/servers/voice_agent.cjs [PORT [MODULES_FOLDER [CERT KEY]]]

const fs = require('fs');
const path = require('path');
const [port, folder, cert, key] = process.argv.slice(2);
const { WebSocketServer } = require(folder
  ? require.resolve('ws', { paths: [path.resolve(folder)] }) : 'ws');

const server = cert
  ? require('https').createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
  : require('http').createServer();

// Audio in messages of JSON: connected, start, media, dtmf, mark, stop.
function inJson(socket, message) {
  const say = (object) => socket.send(JSON.stringify({ streamSid: message.streamSid, ...object }));
  switch (message.event) {
    case 'start':
      console.log('start', message.start.mediaFormat.encoding,
        JSON.stringify(message.start.customParameters));
      say({ event: 'mark', mark: { name: 'begun' } });
      break;
    case 'media':
      say({ event: 'media', media: { payload: message.media.payload } });
      break;
    case 'dtmf':
      console.log('digit', message.dtmf.digit);
      if (message.dtmf.digit === '*') say({ event: 'clear' });
      if (message.dtmf.digit === '#') socket.close(1000);
      break;
    case 'mark':
      console.log('said', message.mark.name);
      break;
    case 'stop':
      console.log('stop');
      break;
  }
}

// Binary audio behind a message of JSON.
function inBinary(socket, message) {
  if (message.callSid) {
    console.log('start', message.sampleRate, message.mixType);
    socket.send(JSON.stringify({ type: 'mark', data: { name: 'begun' } }));
  } else if (message.event === 'dtmf') {
    console.log('digit', message.dtmf);
    if (message.dtmf === '*') socket.send(JSON.stringify({ type: 'killAudio' }));
    if (message.dtmf === '#') socket.send(JSON.stringify({ type: 'disconnect' }));
  } else if (message.type === 'mark') {
    console.log('said', message.data.name);
  }
}

const sockets = new WebSocketServer({ server, handleProtocols: (asked) => [...asked][0] });
sockets.on('connection', (socket, request) => {
  console.log('call', request.url, request.headers.authorization || '');
  const isBinary = socket.protocol !== '';
  socket.on('message', (data, isAudio) => {
    if (isAudio) socket.send(data);
    else (isBinary ? inBinary : inJson)(socket, JSON.parse(data));
  });
  socket.on('close', (code) => console.log('closed', code));
});

server.listen(Number(port || 9093), '127.0.0.1',
  () => console.log('listening on 127.0.0.1:' + server.address().port));
