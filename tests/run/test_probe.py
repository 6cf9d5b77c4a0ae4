import time
from tests.run.house import *
from engine.faces.sandbox.seed import ODD
def test_one(tmp_path):
    t=time.time()
    h=open_house(tmp_path/"w", books=tmp_path/"w"/"sandbox")
    print("house",time.time()-t); t=time.time()
    rs=h.run_all(); print("run",time.time()-t); t=time.time()
    n=len(h.wire.effects())
    h.run_all(); print("second",time.time()-t, len(h.wire.effects())-n)
    rows={r.key.source_id:r for r in h.rows()}
    for name,o in ODD.items():
        r=rows.get(o.airbase_id)
        print(name, o.state, '|', r and (r.state.value, r.cause, r.reason))
    from collections import Counter
    print(Counter((r.state.value,r.cause,r.mapping) for r in rows.values()))
    h.sandbox.stop()
    t=time.time(); h2=Sandbox(tmp_path/"w"/"sandbox"); print("reopen", time.time()-t); h2.stop()
    assert 0
