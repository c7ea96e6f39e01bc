// Asks bwip-js, which holds every GS1 message to its rules before it draws it, about the messages that
// codes_say prints, and compares. Ends with 1 when one verdict differs without a known reason.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const bwip = createRequire(process.cwd() + '/')('bwip-js');

// Where the station is stricter on purpose.
const stricter = [
    { why: 'a number of zeros', holds: (text) => /\((00|01|02|03|8006|8026)\)0{14}/.test(text) },
    { why: 'a company prefix of fewer than four digits', holds: (text) => /\((401|7023|8004|8010|8013|8014)\)(?!\d{4})/.test(text) },
    { why: 'base64 padding', holds: (text) => /\(8030\)[^(]*=/.test(text) },
];

function judge(text) {
    try {
        bwip.raw({ bcid: 'gs1datamatrix', text });
        return { verdict: 'accept', reason: '' };
    } catch (error) {
        const reason = String(error);
        return { verdict: /GS1missingAIs/.test(reason) ? 'incomplete' : 'refuse', reason };
    }
}

let judged = 0;
let known = 0;
const differing = [];
for await (const line of createInterface({ input: process.stdin })) {
    const tab = line.indexOf('\t');
    const ours = line.slice(0, tab);
    const text = line.slice(tab + 1);
    const theirs = judge(text);
    judged++;
    // A message with two faults is refused for either.
    if (ours === theirs.verdict || (ours === 'refuse' && theirs.verdict === 'incomplete')) continue;
    if (ours === 'refuse' && stricter.some((s) => s.holds(text))) known++;
    else differing.push(`${text}: ${ours}, they ${theirs.verdict} ${theirs.reason}`);
}
for (const line of differing.slice(0, 40)) console.log(line);
console.log(`codes: ${judged} messages, ${known} stricter on purpose, ${differing.length} differing`);
process.exit(judged > 0 && differing.length === 0 ? 0 : 1);
