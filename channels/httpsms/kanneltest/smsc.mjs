// Plays a network's SMSC until its standard input ends: node smsc.mjs PORT. It takes orders, and tells what happens, as one JSON
// object a line.
//
//   in   {"deliver": {"from": "+316…", "to": "1234", "text": "KOOP"}}   a customer writes; delivered again until it is acknowledged
//        {"kill": true}                                                 the bind is cut off
//   out  {"bound": true}
//        {"delivered": "KOOP"}                                          it was acknowledged
//        {"submit": {"to": "+316…", "text": "…", "id": "…"}}            a whole message to a customer; id is what the tag 0x1400 holds
import { createInterface } from "node:readline";
import smpp from "smpp";

smpp.addTLV("pulsa_id", { id: 0x1400, type: smpp.types.tlv.cstring });

const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const inWindow = 20; // unacknowledged at a time
const waiting = []; // {pdu, done}
let session, pending = 0, messages = 0;

function pump() {
  while (session && pending < inWindow && waiting.length > 0) {
    const one = waiting.shift();
    const over = session;
    pending++;
    let answered = false;
    const settle = (acknowledged) => {
      if (answered) return;
      answered = true;
      over.removeListener("close", lost);
      pending--;
      if (acknowledged) one.done();
      else waiting.unshift(one);
      pump();
    };
    const lost = () => settle(false);
    over.once("close", lost);
    if (!over.deliver_sm({ ...one.pdu }, (response) => settle(response.command_status === 0))) lost();
  }
}

const address = (number) =>
  number.startsWith("+") ? { addr: number.slice(1), ton: 1, npi: 1 } : { addr: number, ton: 0, npi: 1 };

function deliver({ from, to, text }) {
  const source = address(from);
  waiting.push({
    pdu: { source_addr: source.addr, source_addr_ton: source.ton, source_addr_npi: source.npi, destination_addr: to, short_message: text },
    done: () => tell({ delivered: text }),
  });
  pump();
}

function receipt(submit, id) {
  waiting.push({
    pdu: {
      esm_class: 4, source_addr: submit.destination_addr, source_addr_ton: submit.dest_addr_ton, destination_addr: submit.source_addr,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611301701 done date:2611301702 stat:DELIVRD err:000 text:`,
    },
    done: () => {},
  });
  pump();
}

const parts = new Map(); // by receiver and reference: texts

// whole tells of a message once all its parts are there.
function whole(about, { udh, message }) {
  const header = udh?.find((element) => element[0] === 0);
  if (!header) return tell({ submit: { ...about, text: message } });
  const [, , reference, count, place] = header;
  const key = about.to + "/" + reference;
  const texts = parts.get(key) ?? parts.set(key, new Map()).get(key);
  texts.set(place, message);
  if (texts.size < count) return;
  parts.delete(key);
  tell({ submit: { ...about, text: Array.from({ length: count }, (_, i) => texts.get(i + 1)).join("") } });
}

const server = smpp.createServer((incoming) => {
  incoming.setMaxListeners(0);
  incoming.on("error", () => incoming.destroy());
  for (const kind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    incoming.on(kind, (pdu) => {
      incoming.send(pdu.response());
      session = incoming;
      tell({ bound: true });
      pump();
    });
  }
  incoming.on("close", () => {
    if (session === incoming) session = undefined;
  });
  incoming.on("enquire_link", (pdu) => incoming.send(pdu.response()));
  incoming.on("unbind", (pdu) => {
    incoming.send(pdu.response());
    incoming.close();
  });
  incoming.on("submit_sm", (pdu) => {
    const id = String(++messages);
    whole({ to: (pdu.dest_addr_ton === 1 ? "+" : "") + pdu.destination_addr, id: pdu.pulsa_id?.toString() ?? "" }, pdu.short_message);
    incoming.send(pdu.response({ message_id: id }));
    if (pdu.registered_delivery & 1) receipt(pdu, id);
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");

createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  if (order.deliver) deliver(order.deliver);
  if (order.kill) session?.destroy();
}).on("close", () => process.exit(0));
