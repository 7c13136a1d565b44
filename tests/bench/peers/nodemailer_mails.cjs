// Sends mails with nodemailer's pool: PORT WORDS.json COUNT CONNECTIONS. Prints the seconds and the processor time.
const fs = require('node:fs');
const { createRequire } = require('node:module');

const nodemailer = createRequire(`${process.env.SKILLWIRE_BENCH_NODEMAILER}/`)('nodemailer');
const [port, file, count, connections] = process.argv.slice(2);
const words = JSON.parse(fs.readFileSync(file, 'utf8'));
const png = Buffer.from(words.png, 'base64');

// As skillwire's: text, HTML, and the picture that the HTML shows.
const mail = (at) => ({
  from: 'Skillwire <skillwire@localhost>',
  to: `Subscriber ${at} <subscriber-${at}@people.example>`,
  messageId: `<${at}@skillwire.localhost>`,
  subject: words.subject,
  text: words.text,
  html: words.html,
  attachments: [{ cid: 'needs', filename: 'needs.png', contentType: 'image/png', contentDisposition: 'inline', content: png }],
  headers: {
    'Auto-Submitted': 'auto-generated',
    'List-Id': `<${at}.skillwire.localhost>`,
    'List-Unsubscribe': `<http://127.0.0.1/unsubscribe/${at}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    Precedence: 'bulk',
  },
});

const main = async () => {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1', port: Number(port), secure: false, ignoreTLS: true, pool: true,
    maxConnections: Number(connections), maxMessages: Infinity,
  });
  const began = process.hrtime.bigint();
  const spent = process.resourceUsage();
  // As many loops as connections: no more mails wait in memory than are on their way.
  let next = 0;
  const loop = async () => {
    while (next < Number(count)) await transport.sendMail(mail(next++));
  };
  await Promise.all(Array.from({ length: Number(connections) }, loop));
  const now = process.resourceUsage();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const processor = (now.userCPUTime + now.systemCPUTime - spent.userCPUTime - spent.systemCPUTime) / 1e6;
  transport.close();
  console.log(JSON.stringify({ seconds, processor }));
};

main();
