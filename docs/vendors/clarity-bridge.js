// Encamina's bridge: see clarity.md
(() => {
	const { mailbox, session } = document.currentScript.dataset, kept = [];
	const ask = (path, more) => fetch(mailbox + path + "?session=" + session, more);
	const call = ({ op, id, key, name, reason, session, value, page, ...rest }) =>
		clarity(...[op, id || key || name || reason || rest, session || value, page].filter(Boolean));
	const pull = async () => {
		if (window.clarity) try {
			const { items } = await (await ask("")).json();
			const all = items.flatMap((i) => i.payload.calls);
			for (const op of ["consentv2", "identify", "set", "event", "upgrade"])
				for (const c of all) if (c.op == op) {
					call(c);
					if (c.id || c.key) kept.push(c);
				}
			const ids = items.map((i) => i.id);
			if (ids[0]) await ask("/ack", { method: "POST", body: JSON.stringify({ ids }) });
		} catch {}
	};
	let page = location.href;
	setInterval(() => page != (page = location.href) && setTimeout(() => kept.map(call), 500), 99);
	pull();
	setInterval(pull, 15e3);
})();
